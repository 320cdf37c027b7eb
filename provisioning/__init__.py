"""What a technician, or set-up, does to a booth. Knows the product's files, serves no resident."""
