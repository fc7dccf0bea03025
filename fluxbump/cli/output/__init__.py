"""How commands print what came of them, and how a user would type the next one."""
