"""What comments, documents and tables say of versions."""
