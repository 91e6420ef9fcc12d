// Compiles Boost.JSON once, here: Debian 12 packages the compiled library from another Boost
// version.
#include <boost/json/src.hpp>
