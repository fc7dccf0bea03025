"""The records of the answers of each forge, as msgspec decodes them. Pure."""
