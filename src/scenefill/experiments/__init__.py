"""The papers' tables and figures as files: what is compared on which cases, what is claimed, what the paper printed."""
