#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

/// The words that the generated desk is made of.
namespace helpdesk {

/// What a ticket is about. {product} and {order} in its texts are filled in.
struct Topic {
  std::int64_t queue;
  std::int64_t category;
  std::string_view subject;
  std::string_view question;
  std::string_view answer;
};

std::span<const Topic> topics();
std::span<const std::string_view> first_names();
std::span<const std::string_view> last_names();
std::span<const std::string_view> companies();
std::span<const std::string_view> customer_replies();
std::span<const std::string_view> agent_replies();
std::span<const std::string_view> file_names();

/// Labels of the options of custom field 1, in the order of their ids.
std::span<const std::string_view> products();

struct City {
  std::string_view name;
  std::string_view country;
};
std::span<const City> cities();

/// The pattern with {product} and {order} replaced.
std::string filled(std::string_view pattern, std::string_view product, std::string_view order);

}  // namespace helpdesk
