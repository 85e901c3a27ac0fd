/* The tree's list of kernels with their time taken, as long as kernels are found by operator and version. */
#ifndef MCUMATRIX_TFLM_VERSIONED_RESOLVER_H
#define MCUMATRIX_TFLM_VERSIONED_RESOLVER_H

#include "layers.h"
#include "tree.h"

template <typename AllKernels>
class VersionedResolver : public tflite::OpResolver {
  public:
    const TfLiteRegistration *find_untimed(tflite::BuiltinOperator op, int version) const {
        return static_cast<const tflite::OpResolver &>(all_).FindOp(op, version);
    }

    const TfLiteRegistration *FindOp(tflite::BuiltinOperator op, int version) const override {
        return timed_kernel(find_untimed(op, version));
    }

    /* Custom operators were refused before. */
    const TfLiteRegistration *FindOp(const char *, int) const override {
        return nullptr;
    }

  private:
    AllKernels all_;
};

#endif
