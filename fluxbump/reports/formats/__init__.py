"""The formats of `fluxbump check`; `registry` lists them, a run imports the one it prints."""
