"""What a bump does with comments and documents: the marked rows it moves, the mentions it lists."""
