/* Memory for an object that is made at run time and never destroyed: neither a heap nor destructors at exit. */
#ifndef MCUMATRIX_TFLM_ROOM_H
#define MCUMATRIX_TFLM_ROOM_H

#include <new>

template <typename Object>
class Room {
  public:
    template <typename... Arguments>
    Object *make(Arguments &&...arguments) {
        return new (bytes_) Object(static_cast<Arguments &&>(arguments)...);
    }

  private:
    alignas(Object) unsigned char bytes_[sizeof(Object)];
};

#endif
