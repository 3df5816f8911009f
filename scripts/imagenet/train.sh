#!/usr/bin/env bash
# The paper's schedule on ImageNet, from a folder of images to a hybrid network: packs, trains on all ranks, and begins
# again where it was when a rank dies. Usage:
#
#   scripts/imagenet/train.sh IMAGENET OUT [RANKS] [options of tritbank train]
#
# IMAGENET has train/ and val/ with a folder for each class; OUT gets shards/ and run/. LAUNCH is the launcher, as
# "mpirun -n 64 --hostfile hosts" or "srun --mpi=pmix" (default: mpirun -n RANKS on this machine). MobileNet-V1 0.5 at 224 for
# 120 epochs with a cosine schedule and label smoothing, as the baseline that Gope et al. (arXiv 1911.01028) compare with,
# in three phases; SGD at 0.05 for 128 images, in proportion for more. Everything can be overridden by options behind RANKS;
# ATTEMPTS is how often training is begun again (default: 10).
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,12p' "$0" | cut -c3-; exit 2; }
images=$1 out=$2 ranks=${3:-2}
shift $(($# > 2 ? 3 : 2))
root=$(cd "$(dirname "$0")/../.." && pwd)
tritbank=(node "$root/dist/cli/main.js")
as_root=()
[ "$(id -u)" = 0 ] && as_root=(--allow-run-as-root)
read -r -a launch <<<"${LAUNCH:-mpirun --oversubscribe ${as_root[*]} -n $ranks}"

if [ ! -f "$out/shards/index.json" ]; then
  "${tritbank[@]}" data pack "$images" --out "$out/shards" --size "${SIZE:-256}" --shard-images "${SHARD_IMAGES:-1024}"
fi

schedule=(--model mobilenet-v1 --width 0.5 --method hybrid --alpha 0.5 --input-size 224
  --epochs 120 --phases 0.4,0.4,0.2 --batch-size 512 --rate-batch 128 --learning-rate 0.05 --schedule cosine --warmup 5
  --label-smoothing 0.1 --weight-decay 0.00004 --validation 0.01 --threads 1)
# mpirun's own status does not say that it was told to stop
stopped=
launcher=
stop() {
  stopped=$1
  [ -z "$launcher" ] || kill -TERM "$launcher" 2>/dev/null || true
}
trap 'stop 143' TERM
trap 'stop 130' INT
for ((attempt = 0; attempt < ${ATTEMPTS:-10}; attempt++)); do
  [ -f "$out/run/result.json" ] && break
  if [ -f "$out/run/config.json" ]; then
    how=(--resume --out "$out/run")
  else
    how=(--data "$out/shards" "${schedule[@]}" "$@" --out "$out/run")
  fi
  status=0
  "${launch[@]}" "${tritbank[@]}" train "${how[@]}" &
  launcher=$!
  while wait "$launcher" || status=$?; kill -0 "$launcher" 2>/dev/null; do status=0; done
  [ -z "$stopped" ] || exit "$stopped"
  # 2: wrong usage or bad data, which another attempt does not mend; 130 and 143: stopped by someone
  case $status in 0) break ;; 2 | 130 | 143) exit $status ;; esac
  echo "ended with status $status; again from the last checkpoint" >&2
  sleep "${PAUSE:-5}"
done
[ -f "$out/run/result.json" ] || { echo "not finished after ${ATTEMPTS:-10} attempts" >&2; exit 1; }
"${launch[@]}" "${tritbank[@]}" eval "$out/run/model.onnx" --data "$out/shards"
