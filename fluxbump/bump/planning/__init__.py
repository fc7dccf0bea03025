"""From what is there to a plan: what every pin becomes, and what must hold before it does."""
