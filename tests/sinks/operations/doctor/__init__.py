"""Tests of what `writeback doctor` looks at and how it judges that."""
