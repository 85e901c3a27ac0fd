"""What a careful reader would notice in the numbers: said by the report itself, with evidence."""
