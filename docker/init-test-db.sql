-- Runs once, when the volume is new: an empty database for tests, beside the one of the server.
CREATE DATABASE porta_test OWNER porta;
