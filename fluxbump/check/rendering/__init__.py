"""What `helm template` makes of wrappers, gathered for rules to check."""
