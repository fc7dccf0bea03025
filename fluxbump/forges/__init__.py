"""Where pull requests live: one leaf per forge, listed in `registry`. This imports none of them."""
