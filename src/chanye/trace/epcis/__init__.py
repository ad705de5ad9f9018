"""EPCIS 2.0 (GS1, ISO/IEC 19987:2024) in JSON-LD, in and out, with the words of CBV 2.0."""
