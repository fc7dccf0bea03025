"""Rules about pins that must hold a version, and agree on the same one."""
