#!/bin/sh
echo "documentation of the example"
