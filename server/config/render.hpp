// Renders the settings table as text: for --help, --print-config, conf/alicorn.yaml and
// docs/configuration.md. Master.
#pragma once

#include "server/config/config.hpp"
#include "server/config/load.hpp"

#include <string>

namespace alicorn {

std::string render_help();

/// YAML that reproduces this configuration; each line says where its value comes from.
std::string render_config(const Config& config, const Sources& sources);

/// YAML with every setting and its default, commented out below its explanation.
std::string render_example();

/// The reference of all settings, in Markdown.
std::string render_reference();

}  // namespace alicorn
