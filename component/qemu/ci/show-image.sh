#!/bin/sh
# Says which image this job runs in: every image adds its name to those that it is built on.
echo "image:" $(cat /etc/ci-image)
