// The compiled parts of Asio and Beast, which every other file only declares. Slow to compile, and
// never changes.
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
