"""`dev.py fidelity`: emroot's archives are byte for byte those of the SDK's embuilder."""
