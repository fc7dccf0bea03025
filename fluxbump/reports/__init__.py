"""Reports: for people, for programs, for `git apply`. Pure: values in, text out."""
