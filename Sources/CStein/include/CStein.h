/* include/stein.h as Swift sees it: the functions of SteinABI carry the names of their bodies, and CGate stands before them under the header's. */
#pragma once
#include "bodies.h"
#include "../../../include/stein.h"
