"""AV1 Partition Lab's core: from pictures to partition labels, trained adapters and their comparison.

Data goes one way: media → dataset → models → training → runs → analysis → figures. Nothing here knows Streamlit.
"""
