"""The same network, optimizer and batches in PyTorch; prints the shortest time of an update [ms]."""

import sys
import time

import torch

device, n_rows, batch, epochs = sys.argv[1], *map(int, sys.argv[2:5])
torch.manual_seed(0)
model = torch.nn.Sequential(
    torch.nn.Linear(300, 500), torch.nn.ReLU(), torch.nn.Linear(500, 800), torch.nn.ReLU(), torch.nn.Linear(800, 1000)
).to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
features, target = torch.randn(n_rows, 300, device=device), torch.randn(n_rows, 1000, device=device)
best = float("inf")
for _ in range(epochs):
    order = torch.randperm(n_rows, device=device)
    started = time.perf_counter()
    for rows in order.split(batch):
        optimizer.zero_grad(set_to_none=True)
        torch.nn.functional.mse_loss(model(features[rows]), target[rows]).backward()
        optimizer.step()
    if device != "cpu":
        torch.cuda.synchronize()
    best = min(best, time.perf_counter() - started)
print(1e3 * best / (n_rows // batch))
