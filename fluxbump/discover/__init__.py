"""What the files of a repository hold: charts, pins, mentions, Flux objects."""
