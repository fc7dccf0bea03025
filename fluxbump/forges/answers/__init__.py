"""The fields that fluxbump reads in the answers of each forge, for msgspec to decode. Pure."""
