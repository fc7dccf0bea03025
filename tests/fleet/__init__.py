"""What tests of fleets share."""
