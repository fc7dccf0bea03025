"""What Kustomize changes in other objects."""
