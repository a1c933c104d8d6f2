-- A database of its own for Feast's registry, which several machines share.
CREATE DATABASE feast OWNER airflow;
