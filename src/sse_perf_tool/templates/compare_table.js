// The page of a comparison in figures alone: it has a table and no chart.
startPage();
