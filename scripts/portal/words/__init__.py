"""Words: texts in both languages, numbers and periods as people write them, and how what they type is folded."""
