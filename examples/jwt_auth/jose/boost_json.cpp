// Boost.JSON, compiled here once: Debian 12's compiled library belongs to another Boost version.
#include <boost/json/src.hpp>
