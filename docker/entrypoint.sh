#!/bin/sh
# Started by tini in the container. `porta start` waits for the services, migrates and selects the service
# (PORTA_SERVICE).
exec porta start
