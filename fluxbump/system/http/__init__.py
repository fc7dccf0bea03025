"""Reading URLs: careful, cached, bounded."""
