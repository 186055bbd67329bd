"""The simulator keeps Zoom's rules: each test here fails when one of them is dropped."""
