#!/bin/sh
# What the container runs, below tini. Waiting, migrating and choosing the service (PORTA_SERVICE) is the program's work.
exec porta start
