// Boost.JSON, compiled here once: Debian 12's package of the compiled library is of another Boost.
#include <boost/json/src.hpp>
