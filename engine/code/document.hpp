#pragma once

#include <vector>

#include "code/code.hpp"
#include "code/form.hpp"

namespace doppel::code {

/// A table's file as it is read.
struct Document {
  const manifest::TableModel* table = nullptr;
  std::string file;
  std::vector<RowForm> rows;
};

struct Documents {
  std::vector<Document> tables;
  std::string tenant;  ///< of which the folder was written
};

/// Reads the files; every mistake with file and line goes into `problems`.
Documents read_documents(const manifest::Model& model, const Files& files,
                         const Surroundings& surroundings,
                         std::vector<manifest::Problem>& problems);

}  // namespace doppel::code
