"""Variables that versions come from, followed to the places that set them."""
