"""What a user of a shell sees before a command runs: help, and completion."""
