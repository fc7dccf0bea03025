"""Scans the syntax of languages: where comments are, and the blocks of Terraform. Pure."""
