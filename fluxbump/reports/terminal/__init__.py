"""How text fits a terminal. Pure."""
