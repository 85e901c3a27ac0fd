"""Charts, drawn by Vega-Lite: one file for what is drawn, one for its colours, one that draws."""
