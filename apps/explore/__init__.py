"""The explore page: any metric by any dimension, with its chart, its table and the SQL that answered."""
