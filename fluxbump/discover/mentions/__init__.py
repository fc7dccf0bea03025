"""Finds statements about versions in comments, documents and tables."""
