"""What Flux releases are: what each ships, stores and asks for."""
