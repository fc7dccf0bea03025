"""Rules about pins that must hold a version, and the same one."""
